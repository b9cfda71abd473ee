import { clicksJob } from '../click.js'

clicksJob((clicks) => clicks.map(async (click) => click.ts).keyBy((ts) => ts))
