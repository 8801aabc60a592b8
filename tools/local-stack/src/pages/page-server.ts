import type { S3ClientConfig } from '@aws-sdk/client-s3'
import type { Endpoints } from '../endpoints.ts'
import type { Ports } from '../ports.ts'

/** What the servers of the pages get from the stack. */
export interface PageContext {
  ports: Ports
  endpoints: Endpoints
  /** Names by which other programs or machines reach the stack, such as a container's host. */
  allowedHosts: string[]
  /** The KAFKA_… variables. */
  kafka: Record<string, string | undefined>
  store: { bucket: string; s3: S3ClientConfig }
  /** Settled when all services are ready. */
  services: Promise<unknown>
  onLine: (part: string, line: string) => unknown
}

interface PageServer {
  stop(): Promise<void>
}

/** What has the module of each page. */
export interface PageModule {
  /** The folder of the page. */
  source: string
  start(context: PageContext): Promise<PageServer>
  /** Of `@darkroom/page/serve`, as loaded with the module. */
  refreshPage(source: string): Promise<void>
  inputsOf(source: string): string[]
}
