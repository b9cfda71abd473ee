import { clicksJob } from '../click.js'

clicksJob((clicks) => clicks.flatMap((click) => click.ts))
