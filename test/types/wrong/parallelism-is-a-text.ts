import { clicksJob } from '../click.js'

clicksJob((clicks) => clicks.keyBy((click) => click.userId).count('n', { parallelism: '2' }))
