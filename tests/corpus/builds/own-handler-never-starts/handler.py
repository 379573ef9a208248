import runpod


def handler(job):
    return {"output": job["input"]}


if __name__ == "__main__":
    print(runpod.__version__)
