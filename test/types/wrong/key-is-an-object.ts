import { clicksJob } from '../click.js'

clicksJob((clicks) => clicks.keyBy((click) => ({ user: click.userId })))
