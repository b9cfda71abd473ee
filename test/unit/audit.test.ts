import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { run } from '../support/command.js'
import { PROJECT } from '../support/project.js'
import { temporaryFolder } from '../support/server-process.js'

const NONE = { vulnerabilities: {}, metadata: { vulnerabilities: { total: 0 } } }
const ONE = {
  vulnerabilities: { left: { severity: 'high', name: 'left', range: '<2.0.0', fixAvailable: false } },
  metadata: { vulnerabilities: { total: 1 } },
}

test.each([
  ['no hole is known', JSON.stringify(NONE), 0, /no known holes/],
  ['one is known', JSON.stringify(ONE), 1, /high: left <2\.0\.0 \(no fix yet\)/],
  ['the registry refuses', JSON.stringify({ message: '405 Method Not Allowed' }), 0, /told nothing.*405/],
  ['nobody answers', '', 0, /told nothing.*no answer/],
])('when %s, then the audit says so, and fails with holes alone', async (_, answer, code, said) => {
  const folder = temporaryFolder('audit')
  try {
    writeFileSync(join(folder, 'answer'), answer)
    writeFileSync(join(folder, 'npm'), `#!/bin/sh\ncat '${join(folder, 'answer')}'\n`)
    chmodSync(join(folder, 'npm'), 0o755)
    const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}` }
    const ended = await run(process.execPath, [join(PROJECT, 'scripts', 'audit.mjs')], { env })
    expect(ended).toMatchObject({ code, stderr: expect.stringMatching(said) })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
