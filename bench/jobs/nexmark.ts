import { apart } from '../suite/apart.js'
import type { Benchmark, Contender, Contest, Scale } from '../suite/benchmark.js'
import type { JobRun } from './job-run.js'
import type { GeneratorRun } from './nexmark/generator-run.js'
import { bidsOf } from './nexmark/proportions.js'
import { QUERIES, type QueryName } from './nexmark/queries.js'

const PARALLELISM = 2
/** Queries that give one row for each bid. */
const ROW_A_BID: readonly QueryName[] = ['q0', 'q1', 'q17', 'q18', 'q22']
/** Queries whose state grows with the bids: they run on a fifth of the events, for the sake of small machines. */
const LARGE_STATE: readonly QueryName[] = ['q17', 'q18', 'q19']

export const nexmark: Benchmark = {
  name: 'nexmark',
  question:
    'What does each Nexmark query do that needs no window, from the generator to a sink that discards?',
  unit: 'events',
  rounds: 3,
  async prepare(scale: Scale): Promise<Contest> {
    const [events, warmUp] = scale === 'full' ? [5_000_000, 1_000_000] : [1_000_000, 200_000]
    return {
      configuration: { events, warmUp, eventsOfLargeState: events / 5, parallelism: PARALLELISM, seed: 0 },
      contenders: [
        generatorAlone({ events, warmUp }),
        ...(Object.keys(QUERIES) as QueryName[]).map((query) => {
          const share = LARGE_STATE.includes(query) ? 5 : 1
          return contender(query, events / share, warmUp / share)
        }),
      ],
    }
  },
}

function contender(query: QueryName, records: number, warmUp: number): Contender {
  const run: JobRun = {
    file: 'nexmark/nexmark-job.ts',
    parallelism: PARALLELISM,
    params: { query },
    records,
    warmUp,
    rows: ROW_A_BID.includes(query) ? bidsOf(records) : undefined,
  }
  return { name: query, measure: () => apart(new URL('./job-run.js', import.meta.url).href, run) }
}

function generatorAlone(run: GeneratorRun): Contender {
  const module = new URL('./nexmark/generator-run.js', import.meta.url).href
  return { name: 'the generator alone, one thread', measure: () => apart(module, run) }
}
