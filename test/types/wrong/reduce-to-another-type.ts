import { clicksJob } from '../click.js'

clicksJob((clicks) =>
  clicks.keyBy((click) => click.userId).reduce('newest', (held, click) => held.ts + click.ts),
)
