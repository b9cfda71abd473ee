/**
 * `npm run fuzz`: damaged bytes for every decoder, for as long as is wished.
 *
 *     --minutes N       divided between the decoders (1 unless said)
 *     --seed S          of the executions (one that nobody has had, unless said)
 *     --from I          the number of the first execution (0 unless said); with --executions 1 a find is seen again
 *     --executions N    of each decoder so many, however long they take, instead of minutes
 *     NAME …            these decoders alone
 *
 * A decoder runs in a thread of its own, which is ended when it hangs. A find is printed with what shows it again, and the
 * decoder goes on behind it, up to ten finds. Ends with `N passed, N failed, N skipped`, decoders all.
 */
import { parseArgs } from 'node:util'
import { randomInteger, systemRandom } from '#src/kit/random.js'
import { DECODERS } from './decoders.js'
import { fuzz } from './fuzz-run.js'

const FINDS_MAX = 10

const { values, positionals } = given(process.argv.slice(2))
const seed = whole('seed', values.seed) ?? randomInteger(systemRandom, 2 ** 31)
const minutes = whole('minutes', values.minutes) ?? 1
const executions = whole('executions', values.executions)
const names = DECODERS.map(({ name }) => name)
for (const name of positionals)
  if (!names.includes(name)) refuse(`there is no decoder ${name}; there are ${names.join(', ')}`)

const chosen = positionals.length === 0 ? names : positionals
const until = (at: number) =>
  executions === undefined ? at + (minutes * 60_000) / chosen.length : Number.POSITIVE_INFINITY
let failed = 0
let total = 0
for (const name of chosen) {
  const startedAt = performance.now()
  const endsAt = until(startedAt)
  let from = whole('from', values.from) ?? 0
  let left = executions ?? Number.POSITIVE_INFINITY
  let [executed, refused, finds] = [0, 0, 0]
  while (left > 0 && performance.now() < endsAt && finds < FINDS_MAX) {
    const run = await fuzz({ decoder: name, seed, from, executions: left, ms: endsAt - performance.now() })
    executed += run.executed
    refused += run.refused
    from += run.executed
    left -= run.executed
    if (run.find === undefined) continue
    finds++
    console.log(`${name}: ${run.find}\n  bytes: ${run.bytes ?? 'unknown'}`)
    console.log(`  again: npm run fuzz -- ${name} --seed ${seed} --from ${from - 1} --executions 1`)
  }
  const seconds = (performance.now() - startedAt) / 1_000
  const share = executed === 0 ? 0 : Math.round((refused / executed) * 100)
  console.log(
    `${name.padEnd(16)} ${String(executed).padStart(10)} executions, ${share}% refused, ${seconds.toFixed(0)} s, ${finds} finds`,
  )
  total += executed
  if (finds > 0) failed++
}
console.log(`seed ${seed}: ${total} executions`)
console.log(`\n${chosen.length - failed} passed, ${failed} failed, 0 skipped`)
process.exitCode = failed === 0 ? 0 : 1

function given(args: readonly string[]) {
  const text = { type: 'string' } as const
  const options = { minutes: text, seed: text, from: text, executions: text }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    return refuse((error as Error).message)
  }
}

function whole(name: string, text: string | undefined): number | undefined {
  if (text === undefined || /^\d+$/.test(text)) return text === undefined ? undefined : Number(text)
  return refuse(`--${name} is a whole number, not ${JSON.stringify(text)}`)
}

function refuse(why: string): never {
  console.error(`${why}\nThere are --minutes N, --seed S, --from I, --executions N and names of decoders.`)
  process.exit(2)
}
