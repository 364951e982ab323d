"""Questions to the demo academy with what a learner who asks them wants: course slugs, `teacher:` and `topic:` slugs.

Judged by reading the courses, before looking at what search gives.
"""

JUDGED: dict[str, dict[str, str]] = {
    "two characters": {
        "直觉": "intuition-for-statistics", "统计": "intuition-for-statistics", "偏差": "cognitive-biases",
        "咖啡": "pour-over-coffee", "摄影": "seeing-light", "水彩": "watercolor-first-steps",
        "基金": "index-fund-investing", "保险": "insurance-for-families", "唐诗": "reading-tang-poems",
        "宋朝": "song-dynasty-days", "演讲": "speak-in-public", "谈判": "negotiation-homework",
        "访谈": "user-interviews", "习惯": "habit-building", "财务": "three-statements",
    },
    "several words": {
        "推荐系统": "recommender-systems-intro", "机器学习 入门": "machine-learning-first-course",
        "Python 数据分析": "python-data-analysis", "python入门": "python-first-steps",
        "SQL 分析": "sql-for-analysts", "项目 交付": "deliver-on-time", "用户 访谈": "user-interviews",
        "家庭 理财": "family-finance-basics", "公开 演讲": "speak-in-public", "短视频 脚本": "short-video-scripts",
        "系统设计 取舍": "system-design-basics", "亲密关系 对话": "close-relationships",
    },
    "inside longer words": {
        "务报": "three-statements", "冲咖": "pour-over-coffee", "荐系": "recommender-systems-intro",
        "权学": "rust-by-ownership",
    },
    "wrong characters": {
        "直决": "intuition-for-statistics", "同计学": "intuition-for-statistics",
        "推荐系同": "recommender-systems-intro", "手冲咖非": "pour-over-coffee", "深度学西": "deep-learning-by-hand",
        "指数鸡金": "index-fund-investing", "谈叛": "negotiation-homework", "唐施": "reading-tang-poems",
        "财务暴表": "three-statements", "从所有全学": "rust-by-ownership",
    },
    "wrong letters and pinyin": {
        "pyhton": "python-first-steps", "pythn 数据分析": "python-data-analysis",
        "tuijian": "recommender-systems-intro",
        "shuicai": "watercolor-first-steps", "sheying": "seeing-light", "kafei": "pour-over-coffee",
    },
    "traditional characters and other signs": {
        "統計學的直覺": "intuition-for-statistics", "機器學習": "machine-learning-first-course",
        "攝影": "seeing-light", "財務報表": "three-statements", "ＳＱＬ": "sql-for-analysts",
        "ｐｙｔｈｏｎ": "python-first-steps", "a/b測試": "ab-testing-in-practice",
    },
    "synonyms": {
        "ETF": "index-fund-investing", "长跑": "run-to-ten-km", "LLM": "prompts-and-llm-apps",
        "财报": "three-statements", "推荐算法": "recommender-systems-intro", "AB 实验": "ab-testing-in-practice",
        "ML": "machine-learning-first-course", "Frontend": "modern-frontend",
    },
    "names": {
        "何牧": "teacher:he-mu", "闻朔": "teacher:wen-shuo", "石跃川": "teacher:shi-yuechuan",
        "陆远舟": "teacher:lu-yuanzhou", "施一苇 python": "python-first-steps",
    },
    "half remembered": {
        "指数基金定投秘籍": "index-fund-investing", "手冲拿铁咖啡": "pour-over-coffee",
        "商品里的世界史": "world-history-in-goods", "怎么学 Rust": "rust-by-ownership",
        "how to learn SQL": "sql-for-analysts",
    },
}  # fmt: skip
