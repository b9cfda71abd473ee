/** `npm run demo`: makes the checkout ready and shows it at work. `npm run demo -- --help` tells what it takes. */
import { bootstrap } from './bootstrap.mjs'
import { run } from './run.mjs'

bootstrap()
run('dist/src/cli/demo.js', process.argv.slice(2))
