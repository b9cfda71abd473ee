import type { Terminal } from '#src/cli/terminal.js'
import type { Benchmark } from './benchmark.js'
import type { BenchmarkReport } from './report.js'
import { type RunOptions, run } from './runner.js'

/** What came of one benchmark. */
export type Outcome =
  | { readonly kind: 'measured'; readonly report: BenchmarkReport; readonly seconds: number }
  | { readonly kind: 'failed'; readonly name: string; readonly error: Error; readonly seconds: number }

/**
 * Runs one benchmark after the other; what goes wrong in one is its own outcome, and the others go on. Only an abort
 * ends them all.
 */
export async function* outcomesOf(
  benchmarks: readonly Benchmark[],
  options: Omit<RunOptions, 'onStep'>,
  terminal: Terminal,
): AsyncGenerator<Outcome> {
  for (const benchmark of benchmarks) {
    const startedAt = performance.now()
    const seconds = () => (performance.now() - startedAt) / 1_000
    const onStep = (step: string) => terminal.live(`${benchmark.name}  ${step}`)
    try {
      const report = await run(benchmark, { ...options, onStep })
      terminal.live(undefined)
      yield { kind: 'measured', report, seconds: seconds() }
    } catch (thrown) {
      terminal.live(undefined)
      options.signal.throwIfAborted()
      const error = thrown instanceof Error ? thrown : new Error(String(thrown))
      yield { kind: 'failed', name: benchmark.name, error, seconds: seconds() }
    }
  }
}
