import type { RunHistory } from '#src/cluster/run-history.js'
import { decodeRunHistory, encodeRunHistory } from '#src/cluster/run-history-codec.js'
import type { Random } from '#src/kit/random.js'
import { attemptOf, checkpointOf, endOf, failureOf } from '../../unit/cluster/history-fixtures.js'
import { damagedJson } from '../damaged-value.js'
import type { Decoder } from '../decoder.js'
import { chance, count, listOf, text } from '../draw.js'

/** What became of a run, for people. What cannot be read begins anew: nothing is ever refused. */
export const runHistory: Decoder<RunHistory | undefined> = {
  name: 'run-history',
  sample(random) {
    const history = drawnHistory(random)
    return { bytes: encodeRunHistory(history), value: JSON.parse(JSON.stringify(history)) as RunHistory }
  },
  decode: decodeRunHistory,
  isRefusal: () => false,
  damage: (random, { value }) => damagedJson(random, { version: 1, ...value }),
  faultOf(history) {
    if (history === undefined) return undefined
    const times = [
      ...history.checkpoints.map(({ triggeredAt }) => triggeredAt),
      ...history.failures.map(({ at }) => at),
    ]
    const isTime = (at: number) => !Number.isNaN(new Date(at).getTime())
    return times.every(isTime) ? undefined : 'a history with times that are none'
  },
}

function drawnHistory(random: Random): RunHistory {
  return {
    attempts: listOf(random, 5, () =>
      chance(random, 0.5)
        ? attemptOf(count(random))
        : attemptOf(count(random), count(random), endOf('failed', count(random), text(random))),
    ),
    checkpoints: listOf(random, 5, () => checkpointOf(count(random))),
    failures: listOf(random, 5, () => failureOf(text(random), count(random))),
  }
}
