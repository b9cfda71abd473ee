import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { COMMANDS } from '#src/cli/commands.js'
import { parseInvocation } from '#src/cli/invocation.js'
import { planCommand } from '#src/cli/plan-command.js'
import { recordingTerminal } from './recording-terminal.js'

const folder = mkdtempSync(join(tmpdir(), 'retake-plan-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const JOB = join(folder, 'job.ts')
writeFileSync(
  JOB,
  `import { discard, generator, job } from 'retake'
  export default job('little', { parallelism: 3 }, (flow) =>
    flow.from(flow.params.source, generator.source({ make: (_, i) => i, count: 10 })).to('nowhere', discard()))`,
)

async function planned(...options: string[]) {
  const command = COMMANDS.find(({ name }) => name === 'plan')
  if (command === undefined) throw new Error('there is no plan')
  const { terminal, data } = recordingTerminal()
  await planCommand(parseInvocation(command, [JOB, '--param', 'source=numbers', ...options]), terminal)
  return data()
}

test('when a job is planned, then its operators have the names that parameters give, at the parallelism that was asked for', async () => {
  const plan = JSON.parse(await planned('--format', 'json', '--parallelism', '2'))
  expect(plan.vertices).toMatchObject([{ parallelism: 2, operators: [{ id: 'numbers' }, { id: 'nowhere' }] }])
  expect(JSON.parse(await planned('--format', 'json')).vertices).toMatchObject([{ parallelism: 3 }])
})

test.each([
  [[], /numbers → nowhere/],
  [['--format', 'text'], /numbers → nowhere/],
  [['--format', 'mermaid'], /^(flowchart|graph) /],
] as const)('when the options are %j, then the plan is shown so', async (options, shown) => {
  expect(await planned(...options)).toMatch(shown)
})
