import { clicksJob } from '../click.js'

clicksJob((clicks) => clicks.union())
