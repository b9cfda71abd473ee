import { clicksJob } from '../click.js'

clicksJob((clicks) =>
  clicks.map((click) => ({ user: click.userId as string | null })).keyBy((row) => row.user),
)
