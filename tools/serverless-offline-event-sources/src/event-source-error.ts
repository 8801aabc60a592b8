/** A mistake in the service's configuration: nothing starts until its author has corrected it. */
export class EventSourceError extends Error {
  readonly slug: string
  readonly retryable = false

  constructor(slug: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'EventSourceError'
    this.slug = slug
  }
}
