import { clicksJob } from '../click.js'

clicksJob((clicks) => clicks.union(clicks.keyBy((click) => click.userId)))
