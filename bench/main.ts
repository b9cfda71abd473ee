/**
 * `npm run bench [-- --check] [-- --clicks N] [-- --rounds N]`: the runtime against a bare two-thread loop that does the
 * same, in the same run, round about. `--check` fails below the floor. Ends with `N passed, N failed, N skipped`.
 */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { bareClicksPerSecond } from './bare-loop.js'
import { retakeClicksPerSecond } from './throughput.js'

/** Of the bare loop's rate. */
const FLOOR = 0.25

const { values: options } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    clicks: { type: 'string', default: '10000000' },
    rounds: { type: 'string', default: '3' },
  },
})

const count = Number(options.clicks)
const bare: number[] = []
const retake: number[] = []
console.log(
  `generator → filter → map → keyBy → sum → discard, parallelism 2, ${count} clicks, ${cpus().length} cores, Node ${process.version}`,
)
for (let round = 1; round <= Number(options.rounds); round++) {
  bare.push(await bareClicksPerSecond(count))
  retake.push(await retakeClicksPerSecond(count))
  console.log(
    `  round ${round}: bare loop ${printed(bare)}, Retake ${printed(retake)}, ratio ${(retake.at(-1)! / bare.at(-1)!).toFixed(2)}`,
  )
}
// The best round of each: whatever else the machine does can only slow one down.
const ratio = Math.max(...retake) / Math.max(...bare)
const isFastEnough = ratio >= FLOOR
console.log(`best of each: ratio ${ratio.toFixed(2)}, floor ${FLOOR}`)
const failed = options.check && !isFastEnough ? 1 : 0
console.log(`${1 - failed} passed, ${failed} failed, 0 skipped`)
process.exitCode = failed

function printed(rates: readonly number[]): string {
  return `${(rates.at(-1)! / 1e6).toFixed(2)} M/s`
}
