import { expect, test } from 'vitest'
import { randomInteger, seededRandom } from '#src/kit/random.js'
import { Captures } from '#src/state/captures.js'
import { TimerQueue } from '#src/state/timer-queue.js'

test('when timers are set, cancelled and taken at random, then the queue agrees with a sorted list', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = seededRandom(seed)
    const queue = new TimerQueue(new Captures())
    let model: { group: number; key: string; at: number; tag: string | undefined }[] = []
    const same = (a: (typeof model)[number], b: (typeof model)[number]) =>
      a.key === b.key && a.at === b.at && a.tag === b.tag
    for (let step = 0; step < 1_500; step++) {
      const number = randomInteger(random, 20)
      const tag = [undefined, 'x', '10'][randomInteger(random, 3)]
      const timer = { group: number % 4, key: `key-${number}`, at: randomInteger(random, 60), tag }
      const kind = randomInteger(random, 4)
      if (kind <= 1) {
        queue.set(timer)
        if (!model.some((each) => same(each, timer))) model.push(timer)
      } else if (kind === 2) {
        queue.cancel(timer)
        model = model.filter((each) => !same(each, timer))
      } else {
        const now = randomInteger(random, 60)
        const earliest = model.reduce<(typeof model)[number] | undefined>(
          (first, each) => (first === undefined || each.at < first.at ? each : first),
          undefined,
        )
        const due = queue.due(now)
        expect(due).toMatchObject(earliest !== undefined && earliest.at <= now ? earliest : {})
        if (due === undefined) continue
        queue.cancel(due)
        model = model.filter((each) => each !== earliest)
      }
      const at = model.length === 0 ? undefined : Math.min(...model.map((each) => each.at))
      if (queue.nextAt !== at) throw new Error(`seed ${seed}, step ${step}: ${queue.nextAt}, not ${at}`)
    }
    for (let group = 0; group < 4; group++) {
      expect([...queue.timersOf(group)].length).toBe(model.filter((each) => each.group === group).length)
      expect(queue.hasAny(group)).toBe(model.some((each) => each.group === group))
    }
  }
})
