/**
 * `npm run sim`: the real cast in simulated worlds, each made from one number.
 *
 *     --seeds N       seeds 1 … N (100 unless said, or --fresh is)
 *     --fresh N       N seeds that nobody has played before, besides
 *     --seed S        that one alone; with --trace one line for each event
 *     --mutations     breaks the code in one place after the other, and counts the seeds until it is noticed, up to
 *                     --seeds (1000 unless said); with --only TEXT those whose name has it, once or more often
 *     --until-failure N   what a mutant does: seeds 1 … N on one core, until one fails
 *
 * Ends with `N passed, N failed, N skipped`; a seed that fails is named, and fails again whenever it is played with
 * the same code.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { randomInteger, systemRandom } from '#src/kit/random.js'
import { LEGEND } from './legend.js'
import { runMutations } from './mutation-run.js'
import { play } from './play.js'
import { type Played, playAll } from './players.js'
import { Tally } from './tally.js'
import type { Verdict } from './verdict.js'

const values = valuesOf(process.argv.slice(2))

if (values.seed !== undefined) await playOne(whole('seed', values.seed), values.trace)
else if (values.mutations) await mutate(whole('seeds', values.seeds ?? '1000'), values.only)
else if (values['until-failure'] !== undefined)
  await playUntilFailure(whole('until-failure', values['until-failure']))
else await playMany()

async function playOne(seed: number, isTraced: boolean): Promise<void> {
  if (isTraced) console.log(LEGEND)
  const verdict = await play(seed, isTraced ? (line) => console.log(line) : undefined)
  for (const violation of verdict.violations) console.log(`violated: ${violation}`)
  const { faults, decisions, restores, commits } = verdict.hit
  console.log(
    `seed ${seed}: ${(verdict.virtualMs / 1_000).toFixed(1)} s, ${verdict.words} words, ${faults} faults, ${decisions} checkpoints decided, ${restores} restores, ${commits} commits, ${verdict.counts.get('hit adopted') ?? 0} adoptions`,
  )
  end(verdict.violations.length === 0 ? 1 : 0, verdict.violations.length === 0 ? 0 : 1)
}

async function mutate(seedsMax: number, only: readonly string[] | undefined): Promise<void> {
  let [noticed, missed] = [0, 0]
  await runMutations(seedsMax, only, ({ mutation, seeds, violation }) => {
    if (seeds === undefined) missed++
    else noticed++
    const count = seeds === undefined ? `not in ${seedsMax}` : String(seeds)
    console.log(
      `${count.padStart(12)}  ${mutation.name}${violation === '' ? '' : `: ${violation.slice(0, 120)}`}`,
    )
  })
  end(noticed, missed)
}

async function playUntilFailure(seedsMax: number): Promise<void> {
  let played = 0
  const seeds = Array.from({ length: seedsMax }, (_, index) => index + 1)
  await playAll(seeds, 1, ({ seed, verdict, error }) => {
    played++
    const violation = verdict === undefined ? error : verdict.violations[0]
    if (violation === undefined) return 'go-on'
    console.log(`failed after ${played} seeds: seed ${seed}: ${violation.split('\n')[0]}`)
    return 'stop'
  })
}

async function playMany(): Promise<void> {
  const fresh = whole('fresh', values.fresh ?? '0')
  const known = whole('seeds', values.seeds ?? (fresh > 0 ? '0' : '100'))
  const seeds = [
    ...Array.from({ length: known }, (_, index) => index + 1),
    ...Array.from({ length: fresh }, () => 1_000_000 + randomInteger(systemRandom, 2 ** 31)),
  ]
  const tally = new Tally(seeds.length)
  const startedAt = performance.now()
  const threads = availableParallelism()
  await playAll(seeds, threads, (played) => {
    tally.add(played)
    for (const line of failureOf(played)) console.log(line)
    if (tally.played % 50 === 0 && tally.played < seeds.length)
      console.log(tally.progress(performance.now() - startedAt))
    return 'go-on'
  })
  for (const line of tally.report(performance.now() - startedAt, threads)) console.log(line)
  end(tally.played - tally.failed, tally.failed)
}

function failureOf({ seed, verdict, error }: Played): readonly string[] {
  const again = `npm run sim -- --seed ${seed} --trace`
  if (verdict === undefined) return [`seed ${seed} broke the world (${again}): ${error ?? ''}`]
  return (verdict satisfies Verdict).violations
    .slice(0, 3)
    .map((violation) => `seed ${seed} (${again}): ${violation}`)
}

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seeds: { type: 'string' },
        fresh: { type: 'string' },
        seed: { type: 'string' },
        trace: { type: 'boolean', default: false },
        mutations: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true },
        'until-failure': { type: 'string' },
      },
    }).values
  } catch (error) {
    console.error(
      `${(error as Error).message}\nThere are --seeds N, --fresh N, --seed S [--trace], --mutations [--only TEXT].`,
    )
    process.exit(2)
  }
}

function whole(name: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  console.error(`--${name} is a whole number, not ${JSON.stringify(text)}`)
  process.exit(2)
}

function end(passed: number, failed: number): void {
  console.log(`\n${passed} passed, ${failed} failed, 0 skipped`)
  process.exitCode = failed === 0 ? 0 : 1
}
