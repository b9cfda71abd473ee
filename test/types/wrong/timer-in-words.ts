import { of } from '#src/api/index.js'
import { clicksJob } from '../click.js'

clicksJob((clicks) =>
  clicks
    .keyBy((click) => click.userId)
    .process('op', { emits: of<number>(), onRecord: (_, ctx) => ctx.timers.in('an hour') }),
)
