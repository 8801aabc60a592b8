/** An error in the service's configuration. The service does not start until it is fixed. */
export class EventSourceError extends Error {
  readonly slug: string
  readonly retryable = false

  constructor(slug: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'EventSourceError'
    this.slug = slug
  }
}
