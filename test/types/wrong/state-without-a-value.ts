import { of } from '#src/api/index.js'
import { clicksJob } from '../click.js'

clicksJob((clicks) =>
  clicks
    .keyBy((click) => click.userId)
    .process('op', { emits: of<number>(), state: { n: 0 }, onRecord: () => {} }),
)
