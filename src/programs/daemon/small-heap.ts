import { setFlagsFromString } from 'node:v8'

/**
 * Has V8 clear up once there is a third as much garbage as what is alive: by itself it lets garbage grow to three times as much
 * in a process that has much to do. What lives here is small and clearing up is quick, so that little time buys much memory.
 *
 * V8 reads this number anew whenever it plans. How large its young generation may grow is read at the start of the process
 * alone: the systemd unit says that, in NODE_OPTIONS.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=35')
}
