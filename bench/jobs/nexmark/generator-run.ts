import { IndexedRandom } from '#src/kit/indexed-random.js'
import { Meter } from '../../suite/meter.js'
import type { Sample } from '../../suite/sample.js'
import { nexmarkEventAt } from './event-at.js'

export interface GeneratorRun {
  readonly events: number
  readonly warmUp: number
}

/** The same events, made by one thread and thrown away: what of a query's cost is the generator's. */
export async function measure({ events, warmUp }: GeneratorRun): Promise<Sample> {
  const characters = make(0, warmUp)
  const meter = new Meter()
  const figures = { characters: characters + make(warmUp, events) }
  return { count: events - warmUp, ...meter.stop(), figures }
}

/** Returns something of each event, so that none is made in vain. */
function make(from: number, to: number): number {
  const random = new IndexedRandom(0)
  let characters = 0
  for (let index = from; index < to; index++) {
    characters += nexmarkEventAt(random.at(index), index).extra.length
  }
  return characters
}
