import { clicksJob } from '../click.js'

clicksJob((clicks) => clicks.keyBy((click) => click.userId).sum('count', 'url'))
