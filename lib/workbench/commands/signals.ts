/** The signals that ask this process to end, and the exit status that each leads to: 128 and its number. */

const STATUS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Calls back when this process is asked to end, instead of ending it.
 *
 * @returns stops listening: the next signal ends the process
 */
export function onInterrupt(listener: (status: number) => void): () => void {
  const listeners = Object.entries(STATUS).map(([name, status]) => {
    const signal = name as keyof typeof STATUS;
    const heard = () => listener(status);
    Deno.addSignalListener(signal, heard);
    return () => Deno.removeSignalListener(signal, heard);
  });
  return () => listeners.forEach((remove) => remove());
}
