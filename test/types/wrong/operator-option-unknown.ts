import { clicksJob } from '../click.js'

clicksJob((clicks) => clicks.map((click) => click.ts, { parallel: 2 }))
