/** The time, for sentences that count down between two answers. On the clock of `performance.now()`. */
export const clock = {
  get now(): number {
    return now;
  },

  /** Let it run; what is returned stops it. */
  tick(): () => void {
    now = performance.now();
    const timer = setInterval(() => (now = performance.now()), 1_000);
    return () => clearInterval(timer);
  },
};

let now = $state(performance.now());
