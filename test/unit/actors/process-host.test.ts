import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Node, type NodeOptions } from '#actors/node.js'
import { systemClock } from '#src/kit/clock.js'
import { silentLogger } from '#src/kit/logger.js'
import { systemRandom } from '#src/kit/random.js'

const before = process.env['TMPDIR']
/** Holds the temporary directory of the process, and the node's state directory. */
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'retake-host-'))
  process.env['TMPDIR'] = mkdtempSync(join(folder, 'tmp-'))
})

afterEach(() => {
  if (before === undefined) delete process.env['TMPDIR']
  else process.env['TMPDIR'] = before
  rmSync(folder, { recursive: true, force: true })
})

test('when a node stops, then its folder of bundles is gone', async () => {
  const node = await start()
  expect(leftOvers()).toEqual([expect.stringMatching(/^retake-bundles-/)])
  await node.stop()

  expect(leftOvers()).toEqual([])
})

test('when a node is killed in its process, then its folder of bundles is gone', async () => {
  const node = await start()
  await node.kill()

  expect(leftOvers()).toEqual([])
})

test('when a node cannot start, then it leaves no folder of bundles', async () => {
  const cluster = { name: 'test', nats: { servers: ['127.0.0.1:1'] } }

  await expect(start({ cluster })).rejects.toMatchObject({ code: 'RT1501' })
  expect(leftOvers()).toEqual([])
})

function start(options: Pick<NodeOptions, 'cluster'> = {}): Promise<Node> {
  return Node.start({
    ...options,
    stateDirectory: join(folder, 'state'),
    slots: 1,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  })
}

function leftOvers(): readonly string[] {
  return readdirSync(tmpdir())
}
