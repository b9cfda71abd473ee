/**
 * `npm run bench [-- NAME…] [-- --check]`: what this machine, and this code, can do. NAME is one or more of
 *
 *     scale        what directing a large job costs, on simulated clusters; --nodes N, the most
 *
 * and scale unless said. `--check` measures small, all benchmarks unless said, and fails where what they promise is
 * not kept. Ends with `N passed, N failed, N skipped`.
 */
import { parseArgs } from 'node:util'
import { checkScale, measureScale } from './scale.js'
import type { Verdict } from './verdict.js'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    check: { type: 'boolean', default: false },
    nodes: { type: 'string', default: '1000' },
  },
})

const BENCHMARKS: Readonly<Record<string, () => Promise<readonly Verdict[]>>> = {
  scale: async () => {
    if (options.check) return checkScale()
    await measureScale(Number(options.nodes))
    return []
  },
}

const names = positionals.length > 0 ? positionals : options.check ? Object.keys(BENCHMARKS) : ['scale']
let [passed, failed] = [0, 0]
for (const name of names) {
  const benchmark = BENCHMARKS[name]
  if (benchmark === undefined) {
    console.log(`there is no benchmark "${name}": it is one of ${Object.keys(BENCHMARKS).join(', ')}`)
    failed++
    continue
  }
  for (const { promise, isKept, found } of await benchmark()) {
    console.log(`${isKept ? '✔' : '✗'} ${promise}: ${found}`)
    if (isKept || !options.check) passed++
    else failed++
  }
}
console.log(`${passed} passed, ${failed} failed, 0 skipped`)
process.exitCode = failed > 0 ? 1 : 0
