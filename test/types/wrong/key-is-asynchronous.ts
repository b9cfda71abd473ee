import { clicksJob } from '../click.js'

clicksJob((clicks) => clicks.keyBy(async (click) => click.userId))
