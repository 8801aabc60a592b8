/** Configures the service without S3 and SQS. A handler reads its configuration when it is imported, so import it after this. */
export function setEnvironment(more: Record<string, string> = {}): void {
  Object.assign(process.env, {
    STAGE: 'test',
    BUCKET: 'darkroom-test',
    QUEUE_URL: 'http://127.0.0.1/queue',
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    ...more,
  })
}
