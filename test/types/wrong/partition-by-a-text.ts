import { clicksJob } from '../click.js'

clicksJob((clicks) => clicks.partitionCustom((click) => click.userId))
