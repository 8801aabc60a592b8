/** What a parent tells the host of each service. */
export interface HostedServiceOptions {
  name: string
  httpPort: number
  /** Runs the functions in the host itself, without timeouts. */
  inspect: boolean
}

/** What the host tells its parent. */
export interface FromHost {
  type: 'ready'
  name: string
}
