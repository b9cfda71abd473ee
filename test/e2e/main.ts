/**
 * `npm run e2e [-- --repeat N] [-- --only WORD] [-- --clicks N]`: real processes on a real Kafka and PostgreSQL, killed,
 * stalled and counted. `--only` runs the scenarios whose name holds the word. Ends with `N passed, N failed, N skipped`.
 */
import { parseArgs } from 'node:util'
import { type Needs, whatIsMissing } from '../support/describe-with.js'
import { mainJob } from './main-job.js'
import { stalledSink } from './stalled-sink.js'

interface Scenario {
  readonly name: string
  readonly needs: Needs
  run(round: number, say: (line: string) => void): Promise<void>
}

const { values: options } = parseArgs({
  options: {
    repeat: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    clicks: { type: 'string', default: '300000' },
  },
})
const clicks = Number(options.clicks)
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
]

const counted = { passed: 0, failed: 0, skipped: 0 }
for (let round = 1; round <= Number(options.repeat); round++) {
  for (const scenario of SCENARIOS.filter(({ name }) => name.includes(options.only)))
    await play(scenario, round)
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
