/** arn:aws:sqs:eu-west-1:123456789012:image-queue → image-queue */
export function queueNameOf(arn: string): string {
  return arn.slice(arn.lastIndexOf(':') + 1)
}
