import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { ProcessUsage } from '../suite/process-usage.js'
import type { Sample, Timeline, TimelineEvent } from '../suite/sample.js'
import type { RunLine } from './run-line.js'

export interface RunProgram {
  readonly program: string
  readonly args: readonly string[]
}

const WINDOW_SECONDS = 1
/** Of what it said on its standard error, so much is kept for when it fails. */
const LAST_WORDS = 4_000

/**
 * Runs the process of a contender from its start to its last commit. Throws when it ends before, with its last words.
 *
 * @param servers pids of those that it works with: what they cost meanwhile are figures of the sample
 */
export async function measuredRun(
  { program, args }: RunProgram,
  clicks: number,
  servers: Readonly<Record<string, number | undefined>> = {},
): Promise<Sample> {
  const spawnedAt = Date.now()
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let lastWords = ''
  child.stderr.on('data', (chunk: Buffer) => {
    lastWords = `${lastWords}${chunk}`.slice(-LAST_WORDS)
  })
  const gone = new Promise<void>((resolve) =>
    child.once('close', () => resolve()).once('error', () => resolve()),
  )
  const lines: RunLine[] = []
  let usage: ProcessUsage | undefined
  let cost: ReturnType<ProcessUsage['stop']> | undefined
  const serverUsages = new Map<string, ProcessUsage>()
  const serverFigures: Record<string, number> = {}
  for await (const text of createInterface(child.stdout)) {
    const line = JSON.parse(text) as RunLine
    lines.push(line)
    if (line.type === 'running') {
      usage = new ProcessUsage([child.pid!])
      for (const [name, pid] of Object.entries(servers)) {
        if (pid !== undefined) serverUsages.set(name, new ProcessUsage([pid]))
      }
    } else if (line.type === 'committed') {
      cost = usage?.stop()
      for (const [name, server] of serverUsages) {
        const { cpuSeconds } = server.stop()
        if (cpuSeconds !== undefined) serverFigures[`${name}CpuSeconds`] = cpuSeconds
      }
      child.stdin.end()
    }
  }
  await gone
  if (cost === undefined) throw new Error(`${program} ended before its last commit: ${lastWords.trim()}`)
  const sample = sampleOf(lines, clicks, spawnedAt)
  return { ...sample, ...cost, figures: { ...sample.figures, ...serverFigures } }
}

/** What the lines of a whole run come to. */
export function sampleOf(lines: readonly RunLine[], clicks: number, spawnedAt: number): Sample {
  const runningAt = lines.find(({ type }) => type === 'running')?.at ?? Number.NaN
  const committedAt = lines.find(({ type }) => type === 'committed')?.at ?? Number.NaN
  const seconds = (committedAt - runningAt) / 1_000
  const reads = readingOf(lines, clicks, runningAt, seconds)
  return {
    count: clicks,
    seconds,
    timeline: timelineOf(lines, reads, runningAt, seconds),
    figures: {
      startUpSeconds: (runningAt - spawnedAt) / 1_000,
      // What remains of the difference between runtimes when all of them are warm.
      secondHalfPerSecond: clicks / 2 / (seconds - secondsAt(reads, clicks / 2)),
    },
  }
}

/** Clicks read by then, in seconds since the clock started: rising, from nothing to everything. */
type Reading = readonly { readonly at: number; readonly clicks: number }[]

function readingOf(lines: readonly RunLine[], clicks: number, runningAt: number, seconds: number): Reading {
  const said = lines.flatMap((line) =>
    line.type === 'read' ? [{ at: (line.at - runningAt) / 1_000, clicks: line.clicks }] : [],
  )
  return [{ at: 0, clicks: 0 }, ...said, { at: seconds, clicks }]
}

function timelineOf(lines: readonly RunLine[], reads: Reading, runningAt: number, seconds: number): Timeline {
  const windows = Math.ceil(seconds / WINDOW_SECONDS)
  const by = Array.from({ length: windows + 1 }, (_, window) => clicksAt(reads, window * WINDOW_SECONDS))
  const events = lines.flatMap((line): TimelineEvent[] =>
    line.type === 'checkpoint'
      ? [{ kind: 'checkpoint', at: (line.at - runningAt) / 1_000, ...lasting(line.seconds) }]
      : [],
  )
  return {
    windowSeconds: WINDOW_SECONDS,
    rates: by.slice(1).map((clicks, window) => (clicks - by[window]!) / WINDOW_SECONDS),
    steady: [0, windows],
    events,
  }
}

function lasting(seconds: number | undefined): Pick<TimelineEvent, 'seconds'> {
  return seconds === undefined ? {} : { seconds }
}

function clicksAt(reads: Reading, at: number): number {
  const next = reads.find((read) => read.at >= at)
  const last = reads.findLast((read) => read.at < at)
  if (next === undefined || last === undefined) return (next ?? last)!.clicks
  return last.clicks + ((next.clicks - last.clicks) * (at - last.at)) / (next.at - last.at)
}

function secondsAt(reads: Reading, clicks: number): number {
  const next = reads.findIndex((read) => read.clicks >= clicks)
  const [from, to] = [reads[next - 1]!, reads[next]!]
  return from.at + ((to.at - from.at) * (clicks - from.clicks)) / (to.clicks - from.clicks)
}
