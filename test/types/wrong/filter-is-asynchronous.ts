import { clicksJob } from '../click.js'

clicksJob((clicks) => clicks.filter(async (click) => click.loggedIn))
