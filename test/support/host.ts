/** How a process is started: what `spawn` takes. */
export interface Launch {
  readonly program: string
  readonly args: readonly string[]
  readonly uid?: number
  readonly gid?: number
}

/** Where servers and nodes of the tests run: on this machine as it is, or on one that is made up (`TestNetwork`). */
export interface Host {
  readonly name: string
  /** At which others reach it. */
  readonly address: string
  /** The same program, started there. The process is the program's own, whatever starts it. */
  launch(launch: Launch): Launch
}

export const THIS_HOST: Host = { name: 'this machine', address: '127.0.0.1', launch: (launch) => launch }
