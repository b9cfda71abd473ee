/**
 * `npm run e2e -- [WORD…] [--repeat N] [--clicks N] [--rate N] [--kills N] [--deaths N] [--strict]`: real processes on real servers,
 * killed, stalled and counted. With words (`--only WORD` is the same) the scenarios are run whose name holds one of
 * them. `--clicks` and `--rate` are for those that count clicks, `--kills`, `--deaths` and `--strict` for those that measure
 * how soon a job runs again, or is led again. Ends with `N passed, N failed, N skipped`.
 */
import { parseArgs } from 'node:util'
import { type Needs, whatIsMissing } from '../support/describe-with.js'
import { clusterJob } from './cluster-job.js'
import { leaders } from './leaders.js'
import { mainJob } from './main-job.js'
import { recovery } from './recovery.js'
import { stalledSink } from './stalled-sink.js'

interface Scenario {
  readonly name: string
  readonly needs: Needs
  run(round: number, say: (line: string) => void): Promise<void>
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    repeat: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true, default: [] },
    clicks: { type: 'string', default: '300000' },
    rate: { type: 'string', default: '4000' },
    kills: { type: 'string', default: '3' },
    deaths: { type: 'string', default: '2' },
    strict: { type: 'boolean', default: false },
  },
})
const words = [...positionals, ...options.only]
const clicks = Number(options.clicks)
const ratePerSecond = Number(options.rate)
const kills = Number(options.kills)
const deaths = Number(options.deaths)
const { strict } = options
const servers: Needs = { kafka: 'own', postgres: 'own', kcat: true }

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'the main job under disasters, by ports between threads',
    needs: servers,
    run: (round, say) => mainJob({ clicks, seed: round, overNats: false }, say),
  },
  {
    name: 'the main job under disasters, every channel over NATS',
    needs: { ...servers, nats: 'oldest' },
    run: (round, say) => mainJob({ clicks, seed: round, overNats: true }, say),
  },
  {
    name: 'a stalled sink throttles the source in bounded memory',
    needs: servers,
    run: (_, say) => stalledSink(say),
  },
  {
    name: 'the main job on a cluster of processes',
    needs: { ...servers, nats: 'oldest' },
    run: (round, say) => clusterJob({ clicks, ratePerSecond, seed: round }, say),
  },
  {
    name: 'a leader that dies is replaced, and nothing starts again',
    needs: { ...servers, nats: 'current' },
    run: (round, say) => leaders({ deaths, seed: round, strict }, say),
  },
  {
    name: 'a killed task manager is found and replaced',
    needs: { nats: 'oldest' },
    run: (_, say) => recovery({ kills, strict }, say),
  },
]
const isChosen = ({ name }: Scenario) => words.length === 0 || words.some((word) => name.includes(word))

const counted = { passed: 0, failed: 0, skipped: 0 }
for (let round = 1; round <= Number(options.repeat); round++) {
  for (const scenario of SCENARIOS.filter(isChosen)) await play(scenario, round)
}
console.log(`${counted.passed} passed, ${counted.failed} failed, ${counted.skipped} skipped`)
process.exit(counted.failed === 0 ? 0 : 1)

async function play({ name, needs, run }: Scenario, round: number): Promise<void> {
  const missing = await whatIsMissing(needs)
  if (missing.length > 0) {
    const isRequired = process.env.RETAKE_REQUIRE_SERVERS === '1'
    counted[isRequired ? 'failed' : 'skipped']++
    console.log(`${isRequired ? 'failed' : 'skipped'} ${name}: ${missing.join('; ')}`)
    return
  }
  const startedAt = performance.now()
  const seconds = () => ((performance.now() - startedAt) / 1_000).toFixed(1)
  console.log(`${name}, round ${round}`)
  try {
    await run(round, (line) => console.log(`  ${seconds().padStart(6)} s  ${line}`))
    counted.passed++
    console.log(`  passed after ${seconds()} s`)
  } catch (error) {
    counted.failed++
    console.log(`  FAILED after ${seconds()} s:`, error)
  }
}
