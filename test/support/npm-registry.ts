import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Availability, availabilityOf, remembered } from './availability.js'
import { run } from './command.js'
import { PROJECT } from './project.js'

/** Whether npm can install a package that is not here yet: its registry answers for one of our dependencies. */
export const npmRegistry: () => Promise<Availability<true>> = remembered('npm', () =>
  availabilityOf(async () => {
    const { dependencies } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'))
    const { code } = await run('npm', ['view', `nats@${dependencies.nats}`, 'version', '--prefer-online'])
    if (code !== 0) throw new Error('its registry does not answer')
    return true as const
  }),
)
