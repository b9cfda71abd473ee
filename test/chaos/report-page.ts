import type { ChaosReport, Delays } from './chaos-report.js'
import type { Spread } from './spread.js'

/** A page for docs/ that says what a run found, how it was found, and on what. `chart` is where the page finds it. */
export function reportPage(report: ChaosReport, chart: string | undefined): string {
  const { options, code, machine, servers, control, faults, kinds, job, delays, verdict, leftOut } = report
  const { minutes, everyMs, ratePerSecond, jobManagers, heartbeatTimeoutMs } = options
  const day = new Date(report.startedAt).toISOString().slice(0, 10)
  const sections = [
    `# ${minutes} minute${minutes === 1 ? '' : 's'} of chaos: ${verdict.isExact ? 'exact' : 'NOT exact'}`,
    `${faults.length} faults in ${shown(report.durationMs / 60_000, 1)} minutes, one every ${seconds(everyMs)} s or when the one before was over. ` +
      `${verdict.clicks.toLocaleString('en')} clicks of ${verdict.users.toLocaleString('en')} users in PostgreSQL: ` +
      `${verdict.missing} lost, ${verdict.repeated} repeated, ${verdict.foreign} foreign, ${verdict.wrongSums} wrong sums.`,
    ...(chart === undefined ? [] : [`![Clicks per second over time, with the faults marked](${chart})`]),
    '## What was run',
    `\`${report.command}\` writes this page. Three nats-servers (${servers.nats}, JetStream with three copies), Kafka ${servers.kafka}, ` +
      `PostgreSQL ${servers.postgres}, ${jobManagers} job manager${jobManagers === 1 ? '' : 's'}, three task managers of two slots each. ` +
      `The job counts clicks per user, exactly-once, and appends each one, exactly-once, with parallelism 4, a checkpoint each second, ` +
      `and a restart after 200 ms however often. ${ratePerSecond.toLocaleString('en')} clicks come each second, of which three in four are logged in. ` +
      `A node that is silent for ${seconds(heartbeatTimeoutMs)} s is dead.`,
    table(
      ['', ''],
      [
        ['day', day],
        ['version', `${code.version}, commit ${code.commit}${code.isDirty ? ', with changes' : ''}`],
        ['seed', String(options.seed)],
        [
          'machine',
          `${machine.cores} × ${machine.cpu}, ${shown(machine.memoryBytes / 2 ** 30, 0)} GB, ${machine.system}, Node ${machine.node}; all processes share it`,
        ],
        ['hosts', machine.network],
      ],
    ),
    '## Load alone',
    `For ${seconds(control.durationMs)} s nothing was struck: ${control.checkpoints} checkpoints, ` +
      `${control.falseVerdicts.length === 0 ? 'and nothing was found broken' : `and found broken: ${control.falseVerdicts.join('; ')}`}.`,
    '## Faults',
    'Seconds from the strike, as median / 95 % / worst. *Detected* is the first sign that the cluster gave; *runs again*, that all subtasks did, under a new attempt; *recovered*, that PostgreSQL had ' +
      'clicks of every partition that were due after the fault was there. A fault that lasts is recovered from at the earliest when the ' +
      'cluster can do without whom it struck.',
    table(
      ['fault', 'times', 'new attempts', 'detected', 'runs again', 'recovered'],
      kinds.map(({ kind, count, detectMs, runsMs, recoverMs, attempts }) => [
        kind,
        String(count),
        String(attempts),
        ...[detectMs, runsMs, recoverMs].map(spread),
      ]),
    ),
    `${job.attempts} attempts in all, ${job.checkpoints} checkpoints completed and ${job.failedCheckpoints} failed; ` +
      `${job.nodesStartedAgain} times a node ended by itself and was started again.`,
    ...(leftOut.length === 0
      ? []
      : [`Left out: ${leftOut.map(({ kind, why }) => `${kind} (${why})`).join('; ')}.`]),
    '## How late clicks were',
    'From the moment at which a click was due until PostgreSQL had it, of every click.',
    table(
      ['', 'median', '99 %', 'worst'],
      [
        ['load alone', ...delayCells(delays.control)],
        ['in all', ...delayCells(delays.all)],
      ],
    ),
    '## Every fault',
    table(
      ['#', 'at', 'fault', 'struck', 'detected', 'recovered', 'attempts', 'worst delay'],
      faults.map((fault) => [
        String(fault.number),
        `${seconds(fault.atMs)} s`,
        fault.kind,
        fault.target,
        fault.detectMs === undefined ? 'no' : `${seconds(fault.detectMs)} s: ${fault.sign}`,
        fault.problem ?? `${optional(fault.recoverMs)} s`,
        String(fault.attempts),
        `${optional(fault.worstDelayMs)} s`,
      ]),
    ),
  ]
  return `${sections.join('\n\n')}\n`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function delayCells(delays: Delays | undefined): readonly string[] {
  if (delays === undefined) return ['-', '-', '-']
  return [delays.p50Ms, delays.p99Ms, delays.maxMs].map((ms) => `${seconds(ms)} s`)
}

function spread(of: Spread | undefined): string {
  return of === undefined ? 'never' : [of.median, of.p95, of.worst].map(seconds).join(' / ')
}

function optional(durationMs: number | undefined): string {
  return durationMs === undefined ? '-' : seconds(durationMs)
}

function seconds(durationMs: number): string {
  return shown(durationMs / 1_000, 1)
}

function shown(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.0$/, '')
}
