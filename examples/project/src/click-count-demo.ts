/** Clicks that are made up, counted as in `click-count.ts`, and printed. No server is needed. */
import { generator, job, print } from 'retake'
import { countByUser } from './click-count.js'

const USERS = ['ann', 'bob', 'eve'] as const

export default job('click-count-demo', { checkpoint: { interval: '2s' } }, (flow) => {
  const clicks = flow.from(
    'clicks',
    generator.source({
      ratePerSecond: 5,
      make: (random, index) => ({
        userId: USERS[index % USERS.length] ?? 'ann',
        url: '/',
        loggedIn: random.next() < 0.9,
      }),
    }),
  )
  countByUser(clicks).to('counts', print())
})
