import { of } from '#src/api/index.js'
import { clicksJob } from '../click.js'

clicksJob((clicks) =>
  clicks.keyBy((click) => click.userId).process({ emits: of<number>(), onRecord: () => {} }),
)
