import { clicksJob } from '../click.js'

clicksJob((clicks) => clicks.filter((click) => click.logedIn))
