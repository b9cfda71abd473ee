/**
 * `npm run chaos -- --minutes M --seed S [--every SECONDS] [--rate CLICKS] [--only WORD] [--job-managers N]
 * [--heartbeat-timeout SECONDS] [--json FILE] [--svg FILE] [--report FILE]
 * [--logs FOLDER]`: a cluster of real processes under a steady load, first in peace, then struck every few seconds by
 * faults that the seed draws; then what PostgreSQL holds is compared with what the topic holds. Ends with
 * `N passed, N failed, N skipped`: one for peace, one for each kind of fault, one for exactness.
 */
import { parseArgs } from 'node:util'
import { whatIsMissing } from '../support/describe-with.js'
import type { ChaosOptions } from './chaos-report.js'
import { chaosRun } from './chaos-run.js'
import { checksOf } from './checks.js'
import { summaryOf } from './summary.js'
import { write } from './written-files.js'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    every: { type: 'string', default: '10' },
    rate: { type: 'string', default: '1000' },
    only: { type: 'string', multiple: true, default: [] },
    'job-managers': { type: 'string', default: '2' },
    'heartbeat-timeout': { type: 'string', default: '8' },
    json: { type: 'string' },
    svg: { type: 'string' },
    report: { type: 'string' },
    logs: { type: 'string' },
  },
})
const options: ChaosOptions = {
  minutes: positive('minutes', values.minutes),
  seed: Number(values.seed),
  everyMs: positive('every', values.every) * 1_000,
  ratePerSecond: positive('rate', values.rate),
  only: values.only,
  jobManagers: positive('job-managers', values['job-managers']),
  heartbeatTimeoutMs: positive('heartbeat-timeout', values['heartbeat-timeout']) * 1_000,
}
const command = ['npm run chaos --', ...process.argv.slice(2).filter(isOfTheRun)].join(' ')
// What is left to do at a signal stands in handlers of `exit`.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))

process.exit(await main())

async function main(): Promise<number> {
  const missing = await whatIsMissing({ nats: 'current', kafka: 'own', postgres: 'own', kcat: true })
  if (missing.length > 0) {
    const isRequired = process.env.RETAKE_REQUIRE_SERVERS === '1'
    console.log(`${isRequired ? 'failed' : 'skipped'} chaos: ${missing.join('; ')}`)
    console.log(isRequired ? '0 passed, 1 failed, 0 skipped' : '0 passed, 0 failed, 1 skipped')
    return isRequired ? 1 : 0
  }
  console.log(`${command}: ${values.minutes} min, a fault every ${values.every} s, seed ${values.seed}`)
  let from = performance.now()
  const say = (line: string) =>
    console.log(`  ${((performance.now() - from) / 1_000).toFixed(1).padStart(6)} s  ${line}`)
  const begin = () => {
    say('ready')
    from = performance.now()
  }
  try {
    const report = await chaosRun(options, command, { say, begin, logs: values.logs })
    for (const line of summaryOf(report)) console.log(line)
    await write(report, values)
    const checks = checksOf(report)
    for (const { outcome, what } of checks) if (outcome !== 'passed') console.log(`${outcome} ${what}`)
    const count = (wanted: string) => checks.filter(({ outcome }) => outcome === wanted).length
    console.log(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`)
    return count('failed') === 0 ? 0 : 1
  } catch (error) {
    console.log('FAILED:', error)
    console.log('0 passed, 1 failed, 0 skipped')
    return 1
  }
}

/** Where its results are written says nothing of a run. */
function isOfTheRun(argument: string, index: number, all: readonly string[]): boolean {
  const isPath = (option: string | undefined) => /^--(json|svg|report|logs)(=|$)/.test(option ?? '')
  const before = all[index - 1]
  return !isPath(argument) && !(isPath(before) && !before?.includes('='))
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (value > 0) return value
  console.error(`--${name} takes a number above 0, not ${JSON.stringify(text)}`)
  process.exit(2)
}
