/** What a parent tells the host of each service. */
export interface HostedServiceOptions {
  name: string
  httpPort: number
  /** Runs the functions in the host itself, without timeouts. */
  inspect: boolean
}

/** What a parent tells the host once S3, SQS and Kafka can be reached. */
export interface ToHost {
  type: 'stores-ready'
}

/** What the host tells its parent: a step that is done for all services, that one of them is ready, or a mistake in one of their files. */
export type FromHost =
  | { type: 'done'; step: HostStep }
  | { type: 'ready'; name: string }
  | { type: 'mistake'; description: string }

export type HostStep = 'functions built' | 'queues and bucket' | 'functions loaded'
