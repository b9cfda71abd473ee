import { join } from 'node:path'
import { findProgram, mustRun, run } from './command.js'

const OLDEST_JAVA = 17

/** The program `java`, of `JAVA_HOME` or on PATH; a JRE will do. Throws where there is none, or only an older one. */
export async function findJava(): Promise<string> {
  const home = process.env.JAVA_HOME
  const java = findProgram('java', home === undefined ? [] : [join(home, 'bin')])
  if (java === undefined) throw new Error('there is no java')
  const { stderr } = await run(java, ['-version'])
  const version = Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0)
  if (version < OLDEST_JAVA) throw new Error(`java ${OLDEST_JAVA} is needed, and this one is ${version}`)
  return java
}

/** Fills `folder` with the jars that a pom names, and what they need, from Maven Central. */
export async function fetchJars(pom: string, folder: string): Promise<void> {
  const maven = findProgram('mvn')
  if (maven === undefined) throw new Error('there is no mvn to fetch jars with')
  const copy = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${folder}`]
  await mustRun(maven, ['-q', '-B', '-f', pom, ...copy], { timeoutMs: 300_000 })
}
