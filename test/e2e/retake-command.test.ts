import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { PROJECT } from '../support/project.js'

const MAIN = join(PROJECT, 'dist/src/cli/main.js')
const TIMEOUT_MS = 60_000

const folder = mkdtempSync(join(tmpdir(), 'retake-command-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function jobFile(name: string, body: string): string {
  const file = join(folder, `${name}.ts`)
  writeFileSync(file, `import { discard, generator, job, print } from 'retake'\n${body}`)
  return file
}

const NUMBERS = jobFile(
  'numbers',
  `export default job('numbers', (flow) =>
    flow
      .from('numbers', generator.source({ make: (_, i) => ({ i }), count: Number(flow.params.count) }))
      .to('out', print()))`,
)
const ENDLESS = jobFile(
  'endless',
  `export default job('endless', { checkpoint: { interval: '200ms' } }, (flow) =>
    flow.from('numbers', generator.source({ make: (_, i) => i, ratePerSecond: 1_000 })).to('out', discard()))`,
)
const THROWING = jobFile(
  'throwing',
  `export default job('throwing', { restart: { type: 'none' } }, (flow) =>
    flow
      .from('numbers', generator.source({ make: (_, i) => i, count: 10 }))
      .map((i) => {
        if (i === 5) throw new Error('five is not to my liking')
        return i
      })
      .to('out', discard()))`,
)

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command in a folder of its own for temporary files; `onTalk` may send it signals. */
function retake(args: readonly string[], onTalk: (talk: string, child: ChildProcess) => void = () => {}) {
  const temporary = mkdtempSync(join(folder, 'tmp-'))
  const env = { ...process.env, NO_COLOR: '1', TMPDIR: temporary }
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
    onTalk(stderr, child)
  })
  return new Promise<Ended & { leftOver: string[] }>((resolve) =>
    child.on('close', (code) => resolve({ code, stdout, stderr, leftOver: readdirSync(temporary) })),
  )
}

/** Sends `signal` once, as soon as the job runs. */
function whenRunning(signal: NodeJS.Signals) {
  let isSent = false
  return (talk: string, child: ChildProcess) => {
    if (isSent || !talk.includes('✔ running')) return
    isSent = true
    child.kill(signal)
  }
}

test(
  'when a job has finished, then stdout holds its records and nothing else, and it ends with 0',
  async () => {
    const { code, stdout, stderr, leftOver } = await retake(['dev', NUMBERS, '--param', 'count=500'])
    expect(stderr).toContain('✔ FINISHED')
    expect(code).toBe(0)
    const records = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).i)
    expect(records.sort((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, i) => i))
    expect(leftOver).toEqual([])
  },
  TIMEOUT_MS,
)

test(
  'when user code throws and nothing restarts the job, then it ends with 6 and names the line',
  async () => {
    const { code, stderr } = await retake(['dev', THROWING])
    expect(stderr).toContain('✘ FAILED')
    expect(stderr).toContain('five is not to my liking')
    expect(stderr).toMatch(/throwing\.ts:6/)
    expect(code).toBe(6)
  },
  TIMEOUT_MS,
)

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  'when a running job gets %s, then it is canceled, nothing is left, and it ends with %i',
  async (signal, exit) => {
    const { code, stderr, leftOver } = await retake(['dev', ENDLESS], whenRunning(signal))
    expect(stderr).toContain('■ CANCELED')
    expect(code).toBe(exit)
    expect(leftOver).toEqual([])
  },
  TIMEOUT_MS,
)

test(
  'when it was stopped with --state, then the same command goes on with the same run',
  async () => {
    const args = ['dev', ENDLESS, '--state', join(folder, 'state')]
    const first = await retake(args, whenRunning('SIGINT'))
    expect(first.stderr).toContain('the run stays unended')
    const second = await retake(args, whenRunning('SIGINT'))
    const runOf = (talk: string) => /(submitted|goes on) +endless, run (\w+)/.exec(talk)?.slice(1)
    expect(runOf(first.stderr)?.[0]).toBe('submitted')
    expect(runOf(second.stderr)).toEqual(['goes on', runOf(first.stderr)?.[1]])
    expect(second.stderr).toContain('↻ attempt 2')
  },
  TIMEOUT_MS,
)

test.each([
  ['a file that is not there', ['dev', join(folder, 'none.ts')], 3, /RT1101/],
  ['a checkpoint that is not there', ['dev', ENDLESS, '--from-checkpoint', '7'], 3, /RT1209/],
  ['a parameter that is missing', ['plan', NUMBERS], 5, /RT1705|RT1105/],
  ['a flag that is not known', ['plan', NUMBERS, '--parm', 'count=1'], 2, /did you mean --param/],
  ['a NATS that is not there', ['dev', ENDLESS, '--nats', 'nats://127.0.0.1:1'], 4, /RT1501/],
] as const)(
  'when the command names %s, then nothing runs',
  async (_, args, exit, text) => {
    const { code, stdout, stderr, leftOver } = await retake(args)
    expect(stderr).toMatch(text)
    expect({ code, stdout, leftOver }).toEqual({ code: exit, stdout: '', leftOver: [] })
  },
  TIMEOUT_MS,
)

test(
  'when a plan is asked for as data, then stdout is that and nothing else',
  async () => {
    const { code, stdout, stderr } = await retake(['plan', NUMBERS, '--param', 'count=1', '--format', 'json'])
    expect(JSON.parse(stdout)).toMatchObject({ name: 'numbers', requiredSlots: 1 })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  },
  TIMEOUT_MS,
)
