import { clicksJob } from '../click.js'

clicksJob((clicks) => clicks.sum('count', 'ts'))
