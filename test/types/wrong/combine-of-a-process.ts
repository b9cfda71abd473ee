import { clicksJob } from '../click.js'

const times = {
  *onRecord(click: { ts: number }) {
    yield click.ts
  },
}
clicksJob((clicks) => clicks.keyBy((click) => click.userId).process('times', times, { combine: '20ms' }))
