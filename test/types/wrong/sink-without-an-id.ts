import { discard } from '#src/api/index.js'
import { clicksJob } from '../click.js'

clicksJob((clicks) => clicks.to(discard()))
